<<<<<<<< HEAD:web/hub/dist/assets/usePolling-D3W1yAj0.js
import{g as e,h as t,u as n}from"./jsxRuntime-ChKfqc1w.js";import{r}from"./client-CE5by-iZ.js";import{i}from"./toasts-Bv8ptPNR.js";function a(a,o=0){let[s,c]=e(null),l=t((e=!1)=>{r(a).then(c,t=>{e||i(t)})},[a]);return n(()=>{if(l(),o===0)return;let e=setInterval(()=>l(!0),o*1e3);return()=>clearInterval(e)},[l,o]),[s,()=>l()]}export{a as t};
========
import{g as e,h as t,u as n}from"./jsxRuntime-BN3oxndB.js";import{r}from"./client-CE5by-iZ.js";import{i}from"./toasts-DrOqLbBm.js";function a(a,o=0){let[s,c]=e(null),l=t((e=!1)=>{r(a).then(c,t=>{e||i(t)})},[a]);return n(()=>{if(l(),o===0)return;let e=setInterval(()=>l(!0),o*1e3);return()=>clearInterval(e)},[l,o]),[s,()=>l()]}export{a as t};
>>>>>>>> 3aa1ded (Bound what a site may store and send: quotas of bytes and studies at every door):web/hub/dist/assets/usePolling-V3201T7C.js
