<<<<<<<< HEAD:web/hub/dist/assets/session-Dn52j2bG.js
import{_ as e,x as t}from"./jsxRuntime-ChKfqc1w.js";var n={device:0,reader:1,sonographer:2,manager:3,admin:4},r=t(null),i=()=>e(r)??{subject:``,site:``,role:`reader`},a=(e,t)=>n[e.role]>=n[t],o=`fada.draft.`;function s(){for(let e of Object.keys(localStorage))e.startsWith(`fada.draft.`)&&localStorage.removeItem(e)}export{i as a,a as i,r as n,s as r,o as t};
========
import{_ as e,x as t}from"./jsxRuntime-BN3oxndB.js";var n={device:0,reader:1,sonographer:2,manager:3,admin:4},r=t(null),i=()=>e(r)??{subject:``,site:``,role:`reader`},a=(e,t)=>n[e.role]>=n[t],o=`fada.draft.`;function s(){for(let e of Object.keys(localStorage))e.startsWith(`fada.draft.`)&&localStorage.removeItem(e)}export{i as a,a as i,r as n,s as r,o as t};
>>>>>>>> 3aa1ded (Bound what a site may store and send: quotas of bytes and studies at every door):web/hub/dist/assets/session-BjI2pfDt.js
